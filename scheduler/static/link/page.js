// Leaves quicker than a form can, and shows nothing once left. Every page works without it.
(function () {
  "use strict";
  var form = document.getElementById("leave");
  var root = document.documentElement;
  var pressed = [];

  function blank() {
    root.className = "gone";
    document.title = " ";
  }

  function leave() {
    blank();
    // The session ends in the background; replace() takes this page off the Back button.
    navigator.sendBeacon(form.action, new URLSearchParams({ quiet: "1" }));
    location.replace(form.dataset.to);
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    leave();
  });

  // Escape or Shift three times within three seconds, with no other key in between.
  document.addEventListener("keydown", function (event) {
    if (event.repeat) return;
    if (event.key !== "Escape" && event.key !== "Shift") { pressed = []; return; }
    if (pressed.length && pressed[0].key !== event.key) pressed = [];
    pressed = pressed.filter(function (p) { return event.timeStamp - p.at < 3000; });
    pressed.push({ key: event.key, at: event.timeStamp });
    if (pressed.length === 3) leave();
  });

  // Back to a page that the browser kept in memory: show nothing, ask the server again.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { blank(); location.reload(); }
  });

  // A page left open closes itself when its session is over.
  var seconds = Number(document.body.dataset.close);
  if (seconds) setTimeout(function () { blank(); location.replace("/my/"); }, (seconds + 5) * 1000);
})();
