// What htmx leaves to do: nothing is asked while nobody looks, and a page that is no longer live says so.
"use strict";
(() => {
  const stale = (is) => { const said = document.getElementById("stale"); if (said) said.hidden = !is; };
  document.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden) event.preventDefault(); });
  document.addEventListener("htmx:afterRequest", (event) => stale(!event.detail.successful));
})();
