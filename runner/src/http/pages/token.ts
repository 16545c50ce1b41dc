import { html } from "./html.ts";

export const HOW_TO_SIGN_IN = html`<p>
  Your browser asks for a user name and a password. The user name can be anything; the password is
  the token.
</p>`;

/** Describes where the token is without its path, because the reader has no token yet. */
export const WHERE_THE_TOKEN_IS = html`<section class="card">
  <h2>Token</h2>
  <p>
    The daemon created a token at its first start and printed it. The token is in the file
    <code>token</code> of the data folder. If the setting <code>PLAYGROUND_TOKEN</code> is set, its
    value is the token instead.
  </p>
  <p>
    Programs send it in the header <code>Authorization: Bearer TOKEN</code> of every request. The
    command <code>playground-runner tokens add</code> creates more tokens, each with its own scope.
  </p>
</section>`;
