import { defineConfig } from "vite";

// The server sends `Content-Security-Policy: default-src 'self'`: nothing inline, nothing from data: URLs.
export default defineConfig({
  base: "/",
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022" },
  server: { proxy: { "/socket.io": { target: "http://127.0.0.1:3000", ws: true } } },
});
