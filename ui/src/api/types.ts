// Names of the API's documents (schemas/openapi.json), as the page uses them.
import type { components } from "./schema";

type Schemas = components["schemas"];
// Lists and maps that are empty may be left out of a document. These are filled in where it is read.
type Filled<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };

export type RunRow = Schemas["RunRow"];
export type RunList = Filled<Schemas["RunList"], "runs">;
export type Run = Schemas["Run"];
export type RunHead = Schemas["RunHead"];
export type Stage = Schemas["Stage"];
export type Attempt = Schemas["Attempt"];
export type Output = Schemas["Output"];
export type StructureStage = Filled<Schemas["StructureStage"], "needs">;
export type Structure = Omit<Schemas["Structure"], "stages"> & { stages: StructureStage[] };
export type States = Schemas["States"];
export type StateDelta = Schemas["StateDelta"];
export type StateProgress = Schemas["StateProgress"];
export type StreamItem = Schemas["StreamItem"];
export type RunsChanged = Schemas["RunsChanged"];
export type TaskCounts = Schemas["TaskCounts"];
export type TaskRow = Schemas["TaskRow"];
export type Timeline = Schemas["Timeline"];
export type StageExplanation = Schemas["StageExplanation"];
export type JournalEvent = Schemas["JournalEvent"];
export type PlannedStage = Schemas["PlannedStage"];
export type SessionInfo = Schemas["SessionInfo"];
export type Problem = Schemas["Problem"];
export type Difference = Schemas["Difference"];
export type Diagnostic = Schemas["Diagnostic"];
export type Plugin = Schemas["Plugin"];
export type PluginRow = Schemas["PluginRow"];
export type System = Schemas["System"];
export type TokenInfo = Schemas["TokenInfo"];
export type GarbagePlan = Schemas["GarbagePlan"];
export type Validation = Schemas["Validation"];
export type WorkflowPlan = Schemas["WorkflowPlan"];
export type ArtifactRow = Schemas["ArtifactRow"];
export type LineageNode = Schemas["LineageNode"];
export type LineageTree = Schemas["LineageTree"];
export type WorkflowParam = Schemas["WorkflowParam"];
export type WorkflowStage = Schemas["WorkflowStage"];
export type DiskUse = Schemas["DiskUse"];
export type PluginCheck = Schemas["PluginCheckResult"];
