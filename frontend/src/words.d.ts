declare module 'virtual:words/*' {
  const catalogue: import('./lib/words').Catalogue;
  export default catalogue;
}
