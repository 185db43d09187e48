// What the page's own buttons do.
const root = document.documentElement;
document.querySelector("button.theme").addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* kept until the page is left */ }
});
const menu = document.querySelector("button.menu");
menu.addEventListener("click", () => menu.setAttribute("aria-expanded", menu.getAttribute("aria-expanded") !== "true"));
