import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Icon } from "../parts/icon.tsx";
import { announce } from "../parts/toasts.tsx";

interface FileDropProps {
  readonly onFiles: (files: readonly File[]) => void;
  /** The button that opens the browser's dialog. */
  readonly label: string;
  /** Whether several files can be chosen at once. */
  readonly isMany?: boolean;
  readonly children?: ComponentChildren;
}

/** Takes files from the browser's dialog, and those that are dropped anywhere on the page. */
export function FileDrop({ onFiles, label, isMany = false, children }: FileDropProps) {
  const input = useRef<HTMLInputElement>(null);
  const isOver = useDrop((files) => onFiles(isMany ? files : files.slice(0, 1)));
  return (
    <div class={isOver ? "file-drop over" : "file-drop"}>
      <span class="grow">
        <button type="button" class="btn" onClick={() => input.current?.click()}>
          <Icon name="upload" /> {label}
        </button>
        <span class="drop-hint">or drop {isMany ? "them" : "it"} anywhere</span>
        <input
          ref={input}
          type="file"
          hidden
          multiple={isMany}
          onChange={({ currentTarget }) => {
            onFiles([...(currentTarget.files ?? [])]);
            // The same file can be chosen again.
            currentTarget.value = "";
          }}
        />
      </span>
      {children}
    </div>
  );
}

/** The whole page takes the drop: a browser would open a file that misses. Returns whether one is held over it. */
function useDrop(onFiles: (files: readonly File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const hold = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      // Between two elements of the page there is a related one.
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      const files = filesIn(event.dataTransfer);
      if (files.length > 0) latest.current(files);
    };
    addEventListener("dragover", hold);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", hold);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return isOver;
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}

/** Without folders, which a browser can only list. */
function filesIn(transfer: DataTransfer | null): readonly File[] {
  const dropped = [...(transfer?.items ?? [])].filter(({ kind }) => kind === "file");
  const files = dropped.filter((item) => item.webkitGetAsEntry()?.isDirectory !== true);
  if (files.length < dropped.length) {
    announce("A folder cannot be uploaded. Drop its files, or a ZIP file of it.", { isBad: true });
  }
  return files.map((item) => item.getAsFile()).filter((file) => file !== null);
}
