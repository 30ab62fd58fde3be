using System.CommandLine;
using System.Text;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Ingest.Journal;

namespace Appliance.Host.Commands;

/// <summary>`appliance replay`: the same orders again, from a journal alone.</summary>
internal static class ReplayCommand
{
    public static Command Make()
    {
        var journal = new Argument<string>("journal") { Description = "Journal of a run.", HelpName = "JOURNAL" };
        var profile = new Option<string?>("--profile") { Description = "Replay under this profile (topology, batch limit, vectors) instead of the recorded one.", HelpName = "FILE" };
        var speed = new Option<double>("--speed") { Description = "0 as fast as possible, 1 as recorded, 10 ten times that.", HelpName = "TIMES" };
        var outFolder = new Option<string>("--out") { Description = "Folder for the board of the replaying host.", DefaultValueFactory = _ => Path.Combine("out", "replay"), HelpName = "FOLDER" };
        var report = CommandLineOptions.Report();
        var command = new Command("replay", """
            Decide a recorded run again, from its journal alone: the desk file, the profile and the policies are in it. Says whether the orders are the
            recorded ones; exit code 1 when they are not.

            Example: appliance replay out/journals/20260102T150000.000-demo.journal --report replay.json
            """) { journal, profile, speed, outFolder, report };
        command.SetAction(parsed =>
        {
            string file = parsed.GetValue(journal)!;
            RunCommand.RequireNonNegative("--speed", parsed.GetValue(speed));
            JournalHeader header;
            using (var reader = JournalReader.TryOpen(file, out string? problem) ?? throw new BadInputException(File.Exists(file) ? problem! : Directory.Exists(file) ? $"{file}: it is a folder; name a .journal file in it" : $"{file}: there is no such file"))
                header = reader.Header;
            var errors = new ConfigurationErrors();
            var desk = Desk.Parse(header.Desk.Bytes.ToArray(), header.Desk.Name, errors, header.Policies.Select(p => (p.Name, p.Bytes.ToArray())).ToList());
            var recorded = parsed.GetValue(profile) is { } other ? HardwareProfile.Load(other, errors) : HardwareProfile.Parse(header.Profile.Bytes.ToArray(), header.Profile.Name, errors);
            if (errors.Count > 0) throw new BadInputException([.. errors.Lines]);
            return HostRun.Execute(new RunRequest
            {
                Command = "replay", Profile = recorded!, Desk = desk!, OutFolder = parsed.GetValue(outFolder)!, Report = parsed.GetValue(report), Journal = file,
                Speed = parsed.GetValue(speed), ShowConsole = false, WriteJournal = false,
            }, out _);
        });
        return command;
    }
}
