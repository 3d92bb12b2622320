import { defineCommand } from "citty";

export const data = defineCommand({ meta: { name: "data", description: "Make data sets." } });
