import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { mayI } from "../api/session.ts";
import { linkTo } from "../router.ts";
import { Search } from "../shell/search.tsx";

interface PageProps {
  readonly title: string;
  /** The list that a single thing belongs to: its title and path. */
  readonly within?: readonly [title: string, path: string];
  /** Behind the title, such as a state. */
  readonly mark?: ComponentChildren;
  /** The page's own buttons. Without them there are search and "Run a plugin". */
  readonly acts?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The frame of every screen: title, what one can do, content. */
export function Page({ title, within, mark, acts, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Playground`;
  }, [title]);
  return (
    <>
      {within !== undefined && (
        <nav class="crumbs" aria-label="Breadcrumbs">
          <a href={linkTo([within[1]])}>{within[0]}</a> /
        </nav>
      )}
      <div class="top">
        <h1>{title}</h1>
        {mark}
        <div class="page-acts">
          {acts ?? (
            <>
              <Search />
              {mayI("run") && (
                <a class="btn primary" href={linkTo(["run"])}>
                  Run a plugin <kbd aria-hidden="true">n</kbd>
                </a>
              )}
            </>
          )}
        </div>
      </div>
      {children}
    </>
  );
}
