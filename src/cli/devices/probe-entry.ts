// A process that opens one device and says how that went, as JSON: a provider that ends its process ends this one.
import { probe } from "../../engine/runtime/probe.ts";

process.stdout.write(JSON.stringify(await probe({ device: process.argv[2], threads: 1 })));
