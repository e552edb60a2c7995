import { get } from "node:http";
import type { ProcessReport, SpansReport, StatusReport } from "../../src/runtime/process-report.js";

/** What a GET of a listener answers. */
export const textOf = (url: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("end", () => resolve({ status: response.statusCode!, text }));
    }).once("error", reject);
  });

export const statusOf = async (admin: string): Promise<StatusReport> =>
  JSON.parse((await textOf(`${admin}/status`)).text) as StatusReport;

export const processOf = async (admin: string, name: string): Promise<ProcessReport | undefined> =>
  (await statusOf(admin)).processes.find((process) => process.name === name);

export const spansOf = async (admin: string, id: string): Promise<SpansReport> =>
  JSON.parse((await textOf(`${admin}/spans?trace=${id}`)).text) as SpansReport;
