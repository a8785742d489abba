// Puts the theme on the page before it is first painted, and again when the system or the person changes it.
// Knows nothing about the rest of the page. A classic script, behind the style sheets: modules run too late.

(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const contrast = matchMedia("(prefers-contrast: more)");
  const name = "parley.theme";
  let chosen = kept();

  function kept() {
    try {
      return JSON.parse(localStorage.getItem(name) ?? "null");
    } catch {
      return null;
    }
  }

  function apply() {
    root.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
    root.dataset.contrast = chosen === "contrast" || contrast.matches ? "more" : "";
    const paper = getComputedStyle(root).getPropertyValue("--paper");
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", paper);
  }

  apply();
  for (const query of [dark, contrast]) query.addEventListener("change", apply);
  addEventListener("theme", (event) => {
    chosen = /** @type {CustomEvent<string>} */ (event).detail;
    apply();
  });
  addEventListener("storage", ({ key }) => {
    if (key !== name && key !== null) return;
    chosen = kept();
    apply();
  });
})();
