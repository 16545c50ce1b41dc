/** VitePress's own theme, with the fonts of the reader's system. */
import theme from "vitepress/theme-without-fonts";
// oxlint-disable-next-line import/no-unassigned-import -- Vite adds it to the page
import "./style.css";

export default theme;
