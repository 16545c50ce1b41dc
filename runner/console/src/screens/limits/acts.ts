/** What needs no form. Each says what was done, or what the daemon refuses. */
import { call } from "../../api/request.ts";
import type { Limit } from "../../api/schema.ts";
import { confirmAct } from "../../parts/confirm.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";

/** Ends the pause of the key, or without one that of the whole limit. */
export async function resume(name: string, key: string | null): Promise<void> {
  try {
    const body = key === null ? {} : { key };
    await call("POST /v1/limits/{name}/resume", { params: { name }, body });
    announce(`${key === null ? `The limit ${name}` : `The key ${key}`} is resumed.`);
  } catch (error) {
    announceFailure(error);
  }
}

/** Asks first. Resolves to whether the declared numbers count again. */
export async function reset({ name, plugins }: Limit): Promise<boolean> {
  const isSure = await confirmAct({
    title: `Back to the declared numbers of ${name}?`,
    text: `What ${plugins.join(", ") || "its plugins"} declare counts again, for all daemons. The other numbers are deleted. Jobs that run go on.`,
    act: "Use the declared numbers",
  });
  if (!isSure) return false;
  try {
    await call("DELETE /v1/limits/{name}", { params: { name } });
    announce(`The declared numbers of ${name} count again.`);
    return true;
  } catch (error) {
    announceFailure(error);
    return false;
  }
}
