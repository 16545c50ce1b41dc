import type { Html } from "./html.ts";

/** Has a namespace, because it is also used as an image file. */
export const ICON: Html = {
  markup: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#4f46e5"/><path d="M6 19 26 12" stroke="#fff" stroke-width="3" stroke-linecap="round"/><path d="m16 16 4.5 8h-9z" fill="#fff"/><circle cx="23" cy="8.6" r="2.6" fill="#4ade80"/></svg>`,
};

/** For all pages. Each colour has a light and a dark value. The contrast of text is at least 4.5:1. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace;
  --bg: light-dark(#f7f8fa, #0f1115); --surface: light-dark(#fff, #171a20); --soft: light-dark(#eceef2, #242832);
  --line: light-dark(#e3e6eb, #282d37); --text: light-dark(#171a21, #e8eaee); --muted: light-dark(#59606d, #a3aab7);
  --accent: light-dark(#4f46e5, #a5a6ff); --accent-soft: light-dark(#eef0fe, #23244a);
  --ok: light-dark(#117a4b, #4cc38a); --ok-soft: light-dark(#e4f5ec, #12301f);
  --wait: light-dark(#8a5a00, #f0b64a); --wait-soft: light-dark(#fdf1d8, #37280b);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1, h2, h3 { line-height: 1.25; letter-spacing: -.01em; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre { font: 13px/1.5 var(--mono); overflow-wrap: anywhere; }
small { font-size: 13px; color: var(--muted); }
.brand { display: flex; align-items: center; gap: 8px; font-weight: 650; color: inherit; text-decoration: none; }
.brand svg { width: 24px; height: 24px; flex: none; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 16px 20px; }
`;
