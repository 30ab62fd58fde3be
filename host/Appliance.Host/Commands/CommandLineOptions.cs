using System.CommandLine;
using Appliance.Host.Configuration;

namespace Appliance.Host.Commands;

/// <summary>Options that several commands share, with one wording.</summary>
internal static class CommandLineOptions
{
    public static Option<string> Profile() => new("--profile") { Description = "Hardware profile (JSON).", DefaultValueFactory = _ => Shipped("hw-config/default.json"), HelpName = "FILE" };
    public static Option<string> Desk() => new("--desk") { Description = "Desk file (JSON): what to trade, with which policy, limits and sessions.", DefaultValueFactory = _ => Shipped("desk/demo.json"), HelpName = "FILE" };
    public static Option<string> Out() => new("--out") { Description = "Folder for the journal, the order log, the report and the running host's board.", DefaultValueFactory = _ => "out", HelpName = "FOLDER" };
    public static Option<string?> Report() => new("--report") { Description = "Report to write (JSON); an HTML page of the same name goes beside it.", HelpName = "FILE.json" };

    /// <summary>A file that ships with the project: as given from the working folder, else beside the checkout that holds the executable.</summary>
    public static string Shipped(string relative)
    {
        if (File.Exists(relative)) return relative;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, relative))) return Path.Combine(folder.FullName, relative);
        return relative;
    }

    /// <summary>Reads both files and says everything that is wrong with either, before anything starts.</summary>
    public static (HardwareProfile Profile, Desk Desk) Load(string profileFile, string deskFile)
    {
        var errors = new ConfigurationErrors();
        var profile = HardwareProfile.Load(profileFile, errors);
        var desk = Configuration.Desk.Load(deskFile, errors);
        if (errors.Count > 0) throw new BadInputException([.. errors.Lines]);
        RequireAdapters(profile!);
        // What the stages refuse is said before anything starts, too.
        Composition.DeskComposer.Flow(desk!, profile!, orderIdEpoch: 1);
        return (profile!, desk!);
    }

    public static HardwareProfile LoadProfile(string profileFile)
    {
        var errors = new ConfigurationErrors();
        var profile = HardwareProfile.Load(profileFile, errors);
        if (errors.Count > 0) throw new BadInputException([.. errors.Lines]);
        return profile!;
    }

    private static void RequireAdapters(HardwareProfile profile)
    {
        if (profile.RingImplementation == "disruptor") Ring.Disruptor.DisruptorAdapter.Status.Require();
        if (profile.GatewayImplementation == "quickfix") Fix.QuickFix.QuickFixAdapter.Status.Require();
        if (profile.ComputeBackend == "ilgpu") Kernels.Ilgpu.IlgpuAdapter.Status.Require();
    }
}
