"use strict";
/* One problem's attempts in a notebook's output: {"entry": ENTRY, "picture": the spec of PL.picture, or null}. */
(function () {
  const PL = window.PL;
  const data = JSON.parse(document.getElementById("data").textContent);
  const player = PL.player(document.getElementById("player"), { picture: data.picture });
  player.load(data.entry, {});
})();
