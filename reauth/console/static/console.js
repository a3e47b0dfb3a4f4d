/* The keyboard, for who works through a list at night. Everything here can be done without it.

   A key is looked for in the page: [data-key="a"] is pressed by "a". What is a summary opens and
   its first field is focused; what is a link or a button is clicked. Rows of [data-rows] are gone
   through by j and k, which focus the row's own link: Enter is then the browser's. */
(function () {
  "use strict";

  var rows = function () {
    return Array.prototype.slice.call(document.querySelectorAll("[data-rows] > tr"));
  };

  var at = function () {
    var row = document.activeElement && document.activeElement.closest("[data-rows] > tr");
    return row || document.querySelector("[data-rows] > tr.at");
  };

  var go = function (step) {
    var all = rows();
    if (!all.length) { return; }
    var from = all.indexOf(at());
    var to = from < 0 ? (step > 0 ? 0 : all.length - 1) : from + step;
    var row = all[Math.max(0, Math.min(all.length - 1, to))];
    all.forEach(function (each) { each.classList.toggle("at", each === row); });
    var link = row.querySelector("a[href]");
    if (link) { link.focus(); }
    row.scrollIntoView({ block: "nearest" });
  };

  var pick = function (row, on) {
    var box = row && row.querySelector("input[type=checkbox]");
    if (box) { box.checked = on === undefined ? !box.checked : on; }
    return box;
  };

  /* An action of a list is about the row where one is, unless others were selected. */
  var choose = function () {
    if (!document.querySelector("[data-rows] input:checked")) { pick(at(), true); }
  };

  var press = function (target) {
    if (document.querySelector("[data-rows]")) { choose(); }
    if (target.tagName !== "SUMMARY") { target.click(); return; }
    var box = target.parentElement;
    box.open = !box.open;
    var field = box.querySelector("input:not([type=hidden]), select, textarea, button");
    if (box.open && field) { field.focus(); } else { target.focus(); }
  };

  var writes = function (target) {
    return target.closest("textarea, select, input:not([type=checkbox]):not([type=radio])");
  };

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) { return; }
    if (event.key === "Escape") {
      var open = event.target.closest("details.act[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      return;
    }
    if (writes(event.target)) { return; }
    var key = event.key;
    if (key === "j") { go(1); }
    else if (key === "k") { go(-1); }
    else if (key === "o" && at()) { at().querySelector("a[href]").click(); }
    else if (key === "x" && at()) { pick(at()); }
    else if (key === "?") { window.location.assign("/keys"); }
    else {
      var found = /^[a-z0-9\/]$/.test(key) && document.querySelector('[data-key="' + key + '"]');
      if (!found) { return; }
      press(found);
    }
    event.preventDefault();
  });

  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-all]")) { return; }
    rows().forEach(function (row) { pick(row, event.target.checked); });
  });

  /* A row stays where one is when the list is brought anew. */
  document.addEventListener("focusin", function (event) {
    var row = event.target.closest("[data-rows] > tr");
    if (row) { rows().forEach(function (each) { each.classList.toggle("at", each === row); }); }
  });

  document.querySelectorAll("[data-scripted]").forEach(function (each) { each.hidden = false; });
}());
