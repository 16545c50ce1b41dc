import { html } from "./html.ts";

export const HOW_TO_SIGN_IN = html`<p>
  Your browser asks for a user name and a password. The user name can be anything; the password is
  the token.
</p>`;

/** In words alone: whoever reads this has no token yet. */
export const WHERE_THE_TOKEN_IS = html`<section class="card">
  <h2>The token</h2>
  <p>
    The daemon made a token when it was started for the first time, printed it, and keeps it in the
    file <code>token</code> of its data folder. If the setting <code>PLAYGROUND_TOKEN</code> is set,
    that is the token.
  </p>
  <p>
    Programs send it with every request, as the header <code>Authorization: Bearer TOKEN</code>. The
    command <code>playground-runner tokens add</code> makes more tokens, each with the scope that
    you give it.
  </p>
</section>`;
