export function MyPlacesPage() {
  return null
}
