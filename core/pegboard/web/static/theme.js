// Light, dark, or as the system says. Runs in <head>, before the first paint, so that no page flashes; the choice is kept in this browser only.
(() => {
  "use strict";
  const KEY = "pegboard-theme";
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      const choice = localStorage.getItem(KEY);
      return choice === "light" || choice === "dark" ? choice : "auto";
    } catch {
      return "auto"; // storage may be blocked
    }
  }

  function apply(choice) {
    root.dataset.bsTheme = choice === "auto" ? (systemIsDark.matches ? "dark" : "light") : choice;
    for (const radio of document.querySelectorAll("[data-theme-control] input")) radio.checked = radio.value === choice;
  }

  function choose(choice) {
    try {
      if (choice === "auto") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // the choice then lasts as long as the page
    }
    apply(choice);
  }

  apply(stored());
  systemIsDark.addEventListener("change", () => apply(stored()));
  addEventListener("storage", (event) => event.key === KEY && apply(stored()));
  document.addEventListener("DOMContentLoaded", () => {
    apply(stored());
    for (const control of document.querySelectorAll("[data-theme-control]")) {
      control.hidden = false;
      control.addEventListener("change", (event) => choose(event.target.value));
    }
  });
})();
