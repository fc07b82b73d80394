/** The booth's sheet with a QR code: the address under which the server has the visitor's picture. */

import { byId } from "../ui/dom.js";
import { notifyError } from "../ui/notices.js";
import { qrCode } from "./qr.js";

/** @param {() => Promise<string>} store  stores the present picture on the server and gives its id */
export function setUpTakeHome(store) {
  const sheet = byId("qr", HTMLDialogElement);
  const code = byId("qr-code", HTMLElement);

  byId("qr-open", HTMLButtonElement).addEventListener("click", async () => {
    try {
      const url = new URL(location.href);
      url.search = `?picture=${await store()}`;
      url.hash = "";
      code.replaceChildren(await qrCode(url.href));
      code.dataset.address = url.href;
      sheet.showModal();
    } catch (error) {
      notifyError(error);
    }
  });
  byId("qr-close", HTMLButtonElement).addEventListener("click", () => sheet.close());
}
