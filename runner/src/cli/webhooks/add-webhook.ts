import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { BadSetting } from "../../config.ts";
import type { WebhookSettings } from "../../http/contract/webhook.ts";
import { registerWebhook } from "../../http/contract/webhooks.ts";
import { readCertificates, readPrivateKey } from "../../startup/read-pem-file.ts";
import { readSecretFile } from "../../startup/read-secret-file.ts";
import type { Given } from "../command-contract.ts";
import type { addWebhook as contract } from "../contract/webhooks.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";

export async function addWebhook(given: Given<typeof contract>): Promise<number> {
  const { on, plugin, name, retries, rate, insecure, json } = given.flags;
  const { "headers-file": headersFile, "secret-file": secretFile } = given.flags;
  const body = {
    url: given.arguments.URL,
    ...(on.length > 0 && { on: [...on] }),
    ...(plugin.length > 0 && { plugins: [...plugin] }),
    ...(name !== undefined && { jobName: name }),
    ...(retries !== undefined && { retries }),
    ...(rate !== undefined && { ratePerSecond: rate }),
    ...(insecure && { verifyTls: false }),
    ...(headersFile !== undefined && { headers: await readHeaders(headersFile) }),
    ...(secretFile !== undefined && {
      secret: readFlag("secret-file", secretFile, readSecretFile),
    }),
    ...readClientCertificate(given.flags),
  };
  const client = await connect(given);
  const output = openOutput();
  const answer = await client.call(registerWebhook, { body });
  if (json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const webhook = answer.body();
  if (!("secret" in webhook)) {
    output.note(
      `Webhook ${webhook.id} was registered before with this URL and filter. It is updated.`,
    );
    return 0;
  }
  output.note(`Registered webhook ${webhook.id}. Its secret is shown only this once:`);
  output.print(webhook.secret);
  return 0;
}

async function readHeaders(file: string): Promise<Record<string, string>> {
  try {
    const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
    return JSON.parse(content) as Record<string, string>;
  } catch (error) {
    throw new BadSetting(
      `--headers-file is "${file}": it must be a file with a JSON object (${(error as Error).message}).`,
      { cause: error },
    );
  }
}

function readClientCertificate({
  "client-cert-file": cert,
  "client-key-file": key,
}: Given<typeof contract>["flags"]): Pick<WebhookSettings, "clientCertificate"> {
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) {
    throw new BadSetting("--client-cert-file and --client-key-file go together: give both.");
  }
  return {
    clientCertificate: {
      cert: readFlag("client-cert-file", cert, readCertificates),
      key: readFlag("client-key-file", key, readPrivateKey),
    },
  };
}

function readFlag(flag: string, file: string, read: (file: string) => string): string {
  try {
    return read(file);
  } catch (error) {
    throw new BadSetting(`--${flag} is "${file}": it ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
