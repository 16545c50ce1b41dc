import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { usePages } from "../../api/pages.ts";
import { call } from "../../api/request.ts";
import { mayI } from "../../api/session.ts";
import { UploadBox } from "../../files/upload-box.tsx";
import { createUploads } from "../../files/uploads.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { More } from "../../parts/more.tsx";
import { Page } from "../../parts/page.tsx";
import { announce } from "../../parts/toasts.tsx";
import { linkTo, place } from "../../router.ts";
import { Search } from "../../shell/search.tsx";
import { FileTable } from "./file-table.tsx";

const PAGE = 100;

/** How many were stored. */
const stored = signal(0);

/** Outside the screen, so that they go on while another one is open. */
const uploads = createUploads(({ name }) => {
  stored.value += 1;
  announce(`${name} is uploaded.`);
});

addEventListener("beforeunload", (event) => {
  // The browser asks whether to leave.
  if (uploads.list.peek().some(({ state }) => state !== "failed")) event.preventDefault();
});

/** `#/files`, with `?job=ID` those that the job wrote or refers to. */
export default function Files() {
  const job = place.value.query.get("job") ?? "";
  const files = usePages(job, (cursor, abort) =>
    call("GET /v1/files", {
      query: { limit: PAGE, ...(job !== "" && { job }), ...(cursor && { cursor }) },
      signal: abort,
    }),
  );
  useRefresh(files.list.refresh, ["jobs"]);
  const count = stored.value;
  useEffect(() => {
    if (count > 0) void files.list.refresh();
  }, [count]);
  return (
    <Page title="Files" acts={<Search />}>
      <div class="stack">
        {mayI("run") && <UploadCard />}
        <Card
          title="Files"
          note={job === "" ? "the newest first" : "that one job wrote or refers to"}
          acts={
            job !== "" && (
              <>
                <a class="link" href={linkTo(["jobs", job])}>
                  Show the job
                </a>
                <a class="link" href={linkTo(["files"])}>
                  All files
                </a>
              </>
            )
          }
        >
          <Loaded of={files.list} what="the files">
            {({ items, nextCursor }) => (
              <>
                <FileTable rows={items} isFiltered={job !== ""} onChange={files.list.refresh} />
                <More nextCursor={nextCursor} what="files" onMore={files.more} />
              </>
            )}
          </Loaded>
        </Card>
      </div>
    </Page>
  );
}

function UploadCard() {
  return (
    <Card title="Upload">
      <div class="body">
        <UploadBox uploads={uploads} label="Choose files" isMany />
      </div>
    </Card>
  );
}
