export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#4f46e5" />
      <path d="M6 19 26 12" stroke="#fff" stroke-width="3" stroke-linecap="round" />
      <path d="m16 16 4.5 8h-9z" fill="#fff" />
      <circle cx="23" cy="8.6" r="2.6" fill="#4ade80" />
    </svg>
  );
}
