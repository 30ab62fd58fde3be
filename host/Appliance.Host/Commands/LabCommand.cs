using System.CommandLine;
using Appliance.Host.Configuration;
using Appliance.Lab.Export;
using Appliance.Lab.Specification;

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
        var strategy = new Option<string?>("--strategy") { Description = "Which strategy's hedges and P&L: policy (needs --policy) or the name of a baseline; left out, the policy, else the specification's classical rule, else its first baseline that hedges.", HelpName = "NAME" };
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
            // Only the strategy that is chosen is made, so that nothing else is tuned in vain.
            string[] names = [.. specification.Baselines.Select(b => b.Name)];
            string chosen = wanted ?? (policyFile is not null || !IsNetwork(specification.Policy.Architecture) ? "policy" : names.FirstOrDefault(n => n != "none") ?? names.FirstOrDefault() ?? "policy");
            if (chosen != "policy" && !names.Contains(chosen)) throw new BadInputException($"--strategy: saw \"{chosen}\", allowed are policy and the baselines of {file}: {string.Join(", ", names)}");
            if (chosen == "policy" && policyFile is null && IsNetwork(specification.Policy.Architecture))
                throw new BadInputException($"--strategy: policy is a network: name its file with --policy (`appliance train {file}` makes one), or take a baseline: {string.Join(", ", names)}");
            specification = specification with { Baselines = [.. specification.Baselines.Where(b => b.Name == chosen)] };
            var (strategies, notes) = BacktestCommand.Strategies(specification, chosen == "policy" && policyFile is not null ? [policyFile] : [], cancel);
            // A file may bear a name of its own: NAME=FILE.
            var strategy = strategies.FirstOrDefault(s => s.Name == chosen) ?? (policyFile is not null ? strategies[0] : throw new BadInputException([.. notes]));
            int written = EpisodeExport.Write(specification, strategy, count, folder, cancel);
            Console.WriteLine($"{written:N0} paths of {specification.Name} hedged by {strategy.Name} in {folder}");
            string[] others = [.. names.Where(n => n != chosen)];
            if (wanted is null && others.Length > 0) Console.WriteLine($"also there: {string.Join(", ", others)}; choose with --strategy NAME{(policyFile is null ? ", or a trained policy with --policy FILE" : "")}");
            return ExitCode.Done;
        });
    }

    private static bool IsNetwork(PolicyArchitecture kind) => kind is PolicyArchitecture.Mlp or PolicyArchitecture.Ntb or PolicyArchitecture.Lstm or PolicyArchitecture.Gru;
}
