export const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --soft: color-mix(in srgb, currentColor 6%, transparent); --accent: light-dark(#0b57d0, #8ab4f8); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 17rem minmax(0, 60rem); gap: 3rem; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem 0 1.5rem 1.5rem; border-right: 1px solid var(--line); font-size: 13px; }
nav h2 { font-size: 12px; text-transform: uppercase; letter-spacing: .06em; margin: 1.4rem 0 .3rem; border: 0; padding: 0; }
nav a { display: block; padding: .15rem 0; color: inherit; text-decoration: none; }
nav a:hover { color: var(--accent); }
main { padding: 1.5rem 1.5rem 6rem 0; }
a { color: var(--accent); }
h2 { margin-top: 3.5rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
h3 { margin: 2.5rem 0 .4rem; }
section:target > h3, tr:target { background: color-mix(in srgb, var(--accent) 18%, transparent); }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow: auto; }
.method { font: 600 12px ui-monospace, monospace; color: var(--accent); }
table { width: 100%; border-collapse: collapse; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; font-weight: 400; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
td p, th p { margin: 0; }
small { opacity: .7; display: block; }
summary { cursor: pointer; }
@media (max-width: 60rem) { body { display: block; padding: 0 1rem; } nav { position: static; height: auto; border: 0; padding: 1rem 0 0; } }
`;
