import { Icon } from "../parts/icon.tsx";
import { goTo, linkTo } from "../router.ts";

const JOB_ID = /^job_\w{20,}$/;

/** Finds a job by its id, or jobs by the beginning of their name. */
export function Search() {
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const text = new FormData(event.currentTarget).get("text");
        if (typeof text === "string") goTo(linkToFound(text.trim()));
      }}
    >
      <Icon name="search" />
      <input
        id="search"
        name="text"
        type="search"
        placeholder="Job id or name"
        aria-label="Search jobs by id or name"
        autocomplete="off"
        spellcheck={false}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

function linkToFound(text: string): string {
  if (text === "") return linkTo(["jobs"]);
  if (JOB_ID.test(text)) return linkTo(["jobs", text]);
  return linkTo(["jobs"], text.startsWith("job_") ? { idPrefix: text } : { namePrefix: text });
}

/** Where there is no search field, the list of jobs has one. */
export function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>("#search");
  if (field === null) goTo(linkTo(["jobs"]));
  else field.select();
}
