export { createPlanner, type PlannerDeps } from "./service.ts";
