import { linkTo } from "../router.ts";

/** A job's tags. Each leads to the jobs that have it. */
export function Tags({ tags }: { readonly tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <span class="tags">
      {tags.map((tag) => (
        <a
          key={tag}
          class="tag"
          href={linkTo(["jobs"], { tag })}
          title={`Jobs with the tag ${tag}`}
        >
          {tag}
        </a>
      ))}
    </span>
  );
}
