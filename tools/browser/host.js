// The chat host's page: it mounts one view through the official bridge, and passes what it asks for to Python.

import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

window.mount = async ({ html, csp, permissions, capabilities, context, input, result, sandbox }) => {
  const frame = document.querySelector("iframe");
  const bridge = new AppBridge(null, { name: "host", version: "1" }, capabilities, { hostContext: context });
  const ready = new Promise((resolve) => (bridge.onsandboxready = resolve));
  const initialized = new Promise((resolve) => (bridge.oninitialized = resolve));
  bridge.onsizechange = ({ height }) => (frame.style.height = `${height}px`);
  bridge.oncalltool = window.callTool;
  bridge.onreadresource = window.readResource;
  for (const [event, name] of [
    ["onopenlink", "open-link"],
    ["ondownloadfile", "download-file"],
    ["onupdatemodelcontext", "update-model-context"],
  ]) {
    bridge[event] = async (params) => {
      await window.record(name, params);
      return {};
    };
  }
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.src = sandbox;
  await ready;
  await bridge.sendSandboxResourceReady({ html, csp, permissions });
  await initialized;
  await bridge.sendToolInput({ arguments: input });
  window.bridge = bridge;
  if (result) await bridge.sendToolResult(result);
};
