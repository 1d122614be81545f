export function MyEventsPage() {
  return null
}
