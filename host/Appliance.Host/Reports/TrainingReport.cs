using System.Text.Json;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;

namespace Appliance.Host.Reports;

/// <summary>The report of `appliance train`. Keys are added, never renamed. `appliance backtest` judges the policy on the evaluation's paths.</summary>
internal static class TrainingReport
{
    public static void Write(string path, LabSpecification specification, string policyFile, SpecifiedProblem problem, TrainingResult result, TrainingJudgement? judgement)
    {
        using var memory = new MemoryStream();
        using (var w = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true }))
        {
            w.WriteStartObject();
            w.WriteString("command", "train");
            w.WriteString("specification", specification.Name);
            w.WriteString("policy", policyFile);
            w.WriteString("objective", SpecifiedProblem.Describe(specification.Objective));
            w.WriteString("outcome", result.Outcome.ToString().ToLowerInvariant());
            w.WriteString("reason", result.Reason);
            w.WriteNumber("parameters", problem.Shape.Parameters);
            w.WriteStartObject("training");
            w.WriteNumber("seconds", result.Seconds);
            w.WriteNumber("epochs", result.EpochsDone);
            w.WriteNumber("pathsPerSecond", result.PathsPerSecond);
            w.WriteNumber("threads", result.Threads);
            w.WriteNumber("bytes", result.Bytes);
            w.WriteEndObject();
            w.WriteStartObject("heldBack");
            Number(w, "risk", result.HeldBackRisk);
            Number(w, "noHedge", result.NoHedgeRisk);
            w.WriteEndObject();
            if (judgement is not null) Judgement(w, judgement);
            w.WriteStartArray("history");
            foreach ((double loss, double heldBack) in result.History)
            {
                w.WriteStartObject();
                Number(w, "loss", loss);
                Number(w, "heldBackRisk", heldBack);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
        }
        AtomicFile.Write(path, memory.ToArray());
    }

    private static void Judgement(Utf8JsonWriter w, TrainingJudgement judgement)
    {
        w.WriteStartObject("strategies");
        foreach (TrainingJudgement.Figures f in (TrainingJudgement.Figures[])[judgement.Policy, judgement.NoHedge])
        {
            w.WriteStartObject(f.Name);
            Number(w, "risk", f.Risk.Value);
            Number(w, "riskStdErr", f.Risk.StdErr);
            Number(w, "meanLoss", f.MeanLoss);
            Number(w, "stdDev", f.StdDev);
            Number(w, "costs", f.Costs);
            Number(w, "rebalances", f.Rebalances);
            foreach (string key in (string[])["mean", "cvar95", "cvar99", "sharpe", "annualisedVolatility", "worst", "turnover"]) Number(w, key, f.PnL.Figures[key].Value);
            Number(w, "gap", judgement.GapOf(f));
            w.WriteEndObject();
        }
        w.WriteEndObject();
        w.WriteStartObject("optimum");
        Number(w, "risk", judgement.Optimum.Risk);
        w.WriteString("method", judgement.Optimum.Method);
        Number(w, "gridError", judgement.Optimum.GridError);
        w.WriteEndObject();
        w.WriteStartObject("noHedge");
        Number(w, "risk", judgement.NoHedgeRisk);
        w.WriteEndObject();
    }

    /// <summary>JSON knows no infinity: what is not finite is null.</summary>
    private static void Number(Utf8JsonWriter w, string key, double value)
    {
        if (double.IsFinite(value)) w.WriteNumber(key, value);
        else w.WriteNull(key);
    }
}
