import type { Box } from "./box.ts";

/** nginx with these lines in its location. */
export function nginx(...lines: readonly string[]): Box {
  return {
    program: "nginx",
    version: "-v",
    files: (port, upstream, folder) => ({
      "nginx.conf": `
        daemon off;
        pid ${folder}/nginx.pid;
        error_log stderr crit;
        worker_processes 1;
        events {}
        http {
          access_log off;
          client_body_temp_path ${folder}/body;
          proxy_temp_path ${folder}/proxy;
          fastcgi_temp_path ${folder}/fastcgi;
          uwsgi_temp_path ${folder}/uwsgi;
          scgi_temp_path ${folder}/scgi;
          server {
            listen 127.0.0.1:${port};
            location / {
              proxy_pass http://127.0.0.1:${upstream};
              ${lines.join("\n              ")}
            }
          }
        }`,
    }),
    args: (_, folder) => ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  };
}

/** Caddy with these lines in its site. */
export function caddy(...lines: readonly string[]): Box {
  return {
    program: "caddy",
    version: "version",
    files: (port, upstream) => ({
      Caddyfile: `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  ${lines.join("\n  ")}
  reverse_proxy 127.0.0.1:${upstream}
}
`,
    }),
    args: (_, folder) => ["run", "--config", `${folder}/Caddyfile`, "--adapter", "caddyfile"],
  };
}

/** HAProxy with these lines in its section \`listen\`. */
export function haproxy(...lines: readonly string[]): Box {
  return {
    program: "haproxy",
    version: "-v",
    files: (port, upstream) => ({
      "haproxy.cfg": `
global
  maxconn 100
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen box
  bind 127.0.0.1:${port}
  ${lines.join("\n  ")}
  server app 127.0.0.1:${upstream}
`,
    }),
    args: (_, folder) => ["-db", "-f", `${folder}/haproxy.cfg`],
  };
}

/** Varnish with this VCL beside the backend. */
export function varnish(vcl = ""): Box {
  return {
    program: "varnishd",
    version: "-V",
    files: (_, upstream) => ({
      "box.vcl": `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${upstream}"; }
${vcl}
`,
    }),
    args: (port, folder) => [
      // As root it would run as another user, who cannot read the folder.
      ...["-j", "none"],
      ...["-F", "-a", `127.0.0.1:${port}`, "-f", `${folder}/box.vcl`, "-n", `${folder}/work`],
      ...["-s", "malloc,10m", "-p", "vcc_allow_inline_c=off"],
    ],
  };
}
