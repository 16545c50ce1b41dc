import { mayI } from "../../api/session.ts";
import { linkTo } from "../../router.ts";

/** How the daemon says that a plugin is broken only because a secret of it has no value. */
const MISSING = /\bsecret \w+ is missing\b/;

/** Leads to the secrets if one that is missing is why a plugin is broken. */
export function SetSecrets({ error }: { readonly error: string | null }) {
  if (error === null || !MISSING.test(error) || !mayI("admin")) return null;
  return (
    <a class="link" href={linkTo(["secrets"])}>
      Set its secrets
    </a>
  );
}
