using System.CommandLine;
using Appliance.Host.Configuration;
using Appliance.Lab.Export;

namespace Appliance.Host.Commands;

/// <summary>`appliance lab`: what notebooks need of the lab.</summary>
internal static class LabCommand
{
    public static Command Make()
    {
        var file = BacktestCommand.SpecificationArgument();
        var policy = BacktestCommand.PolicyOption();
        var paths = BacktestCommand.PathsOption();
        var count = new Option<int>("--count") { Description = "How many held-back paths.", DefaultValueFactory = _ => 10_000, HelpName = "N" };
        var strategy = new Option<string?>("--strategy") { Description = "Which strategy's hedges and P&L: policy or the name of a baseline; left out, the first.", HelpName = "NAME" };
        var folder = new Option<string>("--out") { Description = "Folder for the arrays.", DefaultValueFactory = _ => Path.Combine("out", "export"), HelpName = "FOLDER" };
        var export = new Command("export", """
            Write held-back paths, features, hedges and P&L as .npy files (float64, C order), with export.json that says what each axis is. docs/recompute_risk.py works out the risk
            from them with numpy alone. With --paths the hedges are those of the given paths.

            Example: appliance lab export desk/lab/entropic-call.json --count 10000 --out out/export
            """) { file, policy, paths, count, strategy, folder };
        export.SetAction(parsed => Run(parsed.GetValue(file)!, parsed.GetValue(policy), parsed.GetValue(paths), parsed.GetValue(count), parsed.GetValue(strategy), parsed.GetValue(folder)!));
        return new Command("lab", "Tools of the hedging lab.") { export };
    }

    private static int Run(string file, string? policyFile, string? pathsFile, int count, string? wanted, string folder)
    {
        if (count is < 1 or > 10_000_000) throw new BadInputException($"--count: saw {count}, allowed are 1 to 10,000,000");
        OutputPlace.RequireFolder("--out", folder);
        var specification = BacktestCommand.Specification(file, pathsFile, null, "none");
        return BacktestCommand.Guarded(file, cancel =>
        {
            // Only the strategy that is asked for is made, so that nothing else is tuned in vain.
            if (wanted is not null && wanted != "policy") specification = specification with { Baselines = [.. specification.Baselines.Where(b => b.Name == wanted)] };
            else if (policyFile is not null || wanted == "policy") specification = specification with { Baselines = [] };
            var (strategies, _) = BacktestCommand.Strategies(specification, policyFile is not null && wanted is null or "policy" ? [policyFile!] : [], cancel);
            var strategy = wanted is null ? strategies[0] : strategies.FirstOrDefault(s => s.Name == wanted);
            if (strategy is null) throw new BadInputException($"--strategy: saw \"{wanted}\", allowed are policy and the names under baselines of {file}");
            int written = EpisodeExport.Write(specification, strategy, count, folder, cancel);
            Console.WriteLine($"{written:N0} paths of {specification.Name} hedged by {strategy.Name} in {folder}");
            return ExitCode.Done;
        });
    }
}
