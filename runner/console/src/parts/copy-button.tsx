import { announce, announceFailure } from "./toasts.tsx";
import { Icon, type IconName } from "./icon.tsx";

interface CopyButtonProps {
  /** What is copied. A function when it is costly to build. */
  readonly text: string | (() => string | Promise<string>);
  /** What it is, such as "the job's id". */
  readonly what: string;
  /** The visible text. Without it there is only an icon. */
  readonly label?: string;
  readonly icon?: IconName;
  readonly class?: string;
}

export function CopyButton({ text, what, label, icon = "copy", ...rest }: CopyButtonProps) {
  const copy = async (): Promise<void> => {
    try {
      const isCopied = await copyText(typeof text === "string" ? text : await text());
      announce(isCopied ? `Copied ${what}.` : `This browser did not allow to copy ${what}.`);
    } catch (error) {
      announceFailure(error);
    }
  };
  return (
    <button
      type="button"
      class={rest.class ?? (label === undefined ? "icon-btn" : "link")}
      aria-label={label === undefined ? `Copy ${what}` : undefined}
      title={`Copy ${what}`}
      onClick={() => void copy()}
    >
      {label ?? <Icon name={icon} />}
    </button>
  );
}

/** A browser has `navigator.clipboard` only on HTTPS and localhost. */
async function copyText(text: string): Promise<boolean> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) {
    const isWritten = await clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (isWritten) return true;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  // A modal dialog makes everything outside it unusable.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  // The only way to copy without HTTPS.
  // oxlint-disable-next-line typescript/no-deprecated
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
