export const STYLE = `
body { display: grid; grid-template-columns: 19rem minmax(0, 60rem); gap: 2.5rem; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 20px 16px 32px 20px; background: var(--surface); border-right: 1px solid var(--line); font-size: 13px; }
nav h2 { font-size: 13px; margin: 20px 0 4px; }
nav a:not(.brand) { display: block; padding: 3px 0; color: var(--muted); text-decoration: none; overflow-wrap: anywhere; }
nav a.call:not(.brand) { display: grid; grid-template-columns: 3.4rem 1fr; }
nav a:hover { color: var(--accent); }
main { padding: 8px 24px 96px 0; min-width: 0; }
h1 small { font-weight: 400; margin-left: 4px; }
h2::first-letter { text-transform: uppercase; }
main > h2 { margin: 48px 0 8px; font-size: 22px; }
main > p, .card > p { margin: 8px 0; }
.card { margin: 14px 0; scroll-margin-top: 14px; }
h3 { margin: 0; font-size: 16px; }
h3 code { font-size: 14px; font-weight: 600; }
pre { background: var(--bg); border: 1px solid var(--line); border-radius: 6px; padding: 12px 16px; overflow: auto; }
.method { font: 600 12px/1.7 var(--mono); color: var(--accent); }
.card:target { border-color: var(--accent); outline: 1px solid var(--accent); }
tr:target { background: var(--accent-soft); box-shadow: 0 0 0 4px var(--accent-soft); }
table { width: 100%; border-collapse: collapse; margin: 12px 0 0; }
th, td { text-align: left; vertical-align: top; font-weight: 400; padding: 8px 16px 8px 0; border-top: 1px solid var(--line); }
th { width: 11rem; }
.bare th { width: 15rem; }
.answers th { width: 4.5rem; }
td.type { width: 14rem; }
.bare { margin: 0; }
.bare tr:first-child, .bare tr:first-child > * { border-top: 0; }
td p, th p { margin: 0; }
td small, th small { display: block; }
summary { cursor: pointer; margin-top: 12px; }
@media (max-width: 60rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: 45vh; border: 0; border-bottom: 1px solid var(--line); padding: 16px; }
  main { padding: 0 16px 64px; }
  .card { padding: 14px 16px; }
  table, tbody { display: block; }
  tr { display: block; padding: 8px 0; border-top: 1px solid var(--line); }
  .bare tr:first-child { padding-top: 0; }
  th, td, td.type, .bare th, .answers th { display: block; width: auto; padding: 1px 0; border: 0; }
}
`;
