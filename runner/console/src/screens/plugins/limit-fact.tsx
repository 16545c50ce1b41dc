import type { Plugin } from "../../api/schema.ts";
import { Fact } from "../../parts/facts.tsx";
import { linkTo } from "../../router.ts";
import { numbersText } from "../limits/numbers-text.ts";

/** What the plugin declares, with a link to what counts now. */
export function LimitFact({ limits }: Pick<Plugin, "limits">) {
  if (limits === null) return null;
  return (
    <Fact name="Limit">
      <a href={linkTo(["limits"], { name: limits.name })}>{limits.name}</a>
      <span class="remark muted">{declaredText(limits)}</span>
    </Fact>
  );
}

/** "10 at a time; 1 at a time for each input.domain" */
function declaredText({ perKey, ...all }: NonNullable<Plugin["limits"]>): string {
  const forKey = perKey && `${numbersText(perKey)} for each ${perKey.key}`;
  return [numbersText(all), forKey].filter((text) => text !== null).join("; ");
}
