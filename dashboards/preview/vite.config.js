// What a Grafana server provides when it loads these libraries, and a plain page does not.
export default {
  resolve: {
    alias: { 'react-router-dom-v5-compat': 'react-router-dom' },
    dedupe: ['react', 'react-dom'],
  },
  define: {
    'process.env.NODE_ENV': '"production"',
    'process.env': '{}',
    global: 'globalThis',
  },
  esbuild: { jsx: 'automatic' },
  build: {
    target: 'es2022',
    minify: false,
    chunkSizeWarningLimit: 20000,
    rollupOptions: { shimMissingExports: true },
  },
};
