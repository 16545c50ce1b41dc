import { createPage, type Page } from "./frame.ts";
import { html } from "./html.ts";
import { ICON, NARROW_STYLE } from "./style.ts";
import { HOW_TO_SIGN_IN, WHERE_THE_TOKEN_IS } from "./token.ts";

/** The page for a browser that sends no valid token to a page that needs one. */
export function renderTokenNeeded(path: string): Page {
  const body = html`<main>
    <header>
      <a class="brand" href="./">${ICON} Playground</a>
    </header>
    <h1>This page needs a token</h1>
    ${HOW_TO_SIGN_IN}
    <p><a class="button" href=".${path}">Try again</a></p>
    ${WHERE_THE_TOKEN_IS}
  </main>`;
  return createPage({ title: "Playground: token needed", style: NARROW_STYLE, body });
}
