import { createPage, type Page } from "./frame.ts";
import { html } from "./html.ts";
import { ICON, NARROW_STYLE } from "./style.ts";
import { HOW_TO_SIGN_IN, WHERE_THE_TOKEN_IS } from "./token.ts";

/** What a browser shows when it was asked for the token and gave none. */
export function renderTokenNeeded(path: string): Page {
  const body = html`<main>
    <header>
      <a class="brand" href="./">${ICON} Playground</a>
    </header>
    <h1>This page needs the token</h1>
    ${HOW_TO_SIGN_IN}
    <p><a class="button" href=".${path}">Try again</a></p>
    ${WHERE_THE_TOKEN_IS}
  </main>`;
  return createPage({ title: "Playground: the token is needed", style: NARROW_STYLE, body });
}
