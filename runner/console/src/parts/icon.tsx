/** Icons are drawn with strokes of the text's colour on 16 × 16. */
const PATHS = {
  check: "m3.5 8.5 3 3 6-7",
  cross: "m4 4 8 8m0-8-8 8",
  spin: "M8 2a6 6 0 1 0 6 6",
  clock: "M8 5v3l2 1.5M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z",
  hourglass: "M4 2h8M4 14h8M5 2v2.5L8 8l3-3.5V2M5 14v-2.5L8 8l3 3.5V14",
  calendar: "M3 4.5h10v9H3zM3 7.5h10M5.5 2.5v3M10.5 2.5v3",
  stop: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM4 12l8-8",
  minus: "M4 8h8",
  retry: "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
  pause: "M6 3.5v9M10 3.5v9",
  alert: "M8 2.5 14 13H2zM8 6.5v3M8 11.2v.1",
  copy: "M6 6h7v7H6zM3 10V3h7",
  upload: "M8 10V2.5M5 5.5l3-3 3 3M3 13h10",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9",
  link: "M6.5 9.5l3-3M7.5 4.5 9 3a2.8 2.8 0 0 1 4 4l-1.5 1.5M8.5 11.5 7 13a2.8 2.8 0 0 1-4-4l1.5-1.5",
  download: "M8 2.5v7.5M5 7l3 3 3-3M3 13h10",
  search: "M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm3 7 3.5 3.5",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  more: "M3.5 8h.1M8 8h.1M12.5 8h.1",
  next: "m6 3.5 4.5 4.5L6 12.5",
  dot: "M8 7.9v.2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
