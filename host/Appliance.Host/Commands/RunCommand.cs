using System.CommandLine;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Host.Threads;

namespace Appliance.Host.Commands;

/// <summary>`appliance run`: the host, live or on a capture.</summary>
internal static class RunCommand
{
    public static Command Make()
    {
        var profile = CommandLineOptions.Profile();
        var desk = CommandLineOptions.Desk();
        var outFolder = CommandLineOptions.Out();
        var report = CommandLineOptions.Report();
        var capture = new Option<string?>("--capture") { Description = "Play this capture instead of the live feed; fills come from it (paper).", HelpName = "FILE" };
        var speed = new Option<double>("--speed") { Description = "Pace of a capture: 0 as fast as possible, 1 as recorded, 10 ten times that.", HelpName = "TIMES" };
        var seconds = new Option<double>("--seconds") { Description = "End a live run after this long; 0 runs until interrupted.", HelpName = "SECONDS" };
        var warmUp = new Option<double>("--warm-up") { Description = "Seconds of a live run before latency and memory are measured.", DefaultValueFactory = _ => 2, HelpName = "SECONDS" };
        var noConsole = new Option<bool>("--no-console") { Description = "Do not show the running figures." };
        var noJournal = new Option<bool>("--no-journal") { Description = "Do not write the journal. Such a run cannot be replayed." };
        var feedPort = new Option<int>("--feed-port") { Description = "UDP port of the feed, over the desk's.", HelpName = "PORT" };
        var fixPort = new Option<int>("--fix-port") { Description = "Port of the FIX venue, over the desk's; no embedded venue is started then.", HelpName = "PORT" };
        var fault = new Option<string?>("--fault") { Description = "Fault injection: so long after the first order was sent, a thread (hot, decide or gateway, as the profile's topology has them) stalls for 8 seconds, hangs, or throws, to see the watchdog work; e.g. hot:stall@10.", HelpName = "THREAD:WHAT@SECONDS" };
        var journalLimit = new Option<long>("--journal-limit") { Description = "Fault injection: the journal's disk is full after this many bytes.", HelpName = "BYTES" };
        var venue = new Option<string[]>("--venue-option") { Description = "Passed on to the embedded venue, e.g. --venue-option=--reject-share=0.1.", HelpName = "OPTION" };
        var opening = new Option<string[]>("--opening-position") { Description = "Position held in an instrument at the start, over the desk's initialHedge; once for each. Needed after an earlier run that sent orders to a FIX venue.", HelpName = "SYMBOL=QUANTITY" };
        var syntheticTicks = new Option<long>("--synthetic-ticks") { Hidden = true };
        var syntheticEvery = new Option<int>("--synthetic-order-every") { Hidden = true, DefaultValueFactory = _ => 50 };
        var quiet = new Option<bool>("--quiet") { Description = "Print nothing but warnings, and no running figures." };
        var command = new Command("run", """
            Run the host: market data in, hedge orders out.

            Examples: appliance run --seconds 30 --report out/report.json
                      appliance run --profile hw-config/dev-2core.json --desk desk/btc-perp.json --capture btcusdt.gz --report out.json

            Ctrl-C ends in order: working orders are cancelled first. Kill, so that no order leaves any more and what works is cancelled: signal USR1, a file
            KILL in the output folder, or `appliance console --send kill`.
            """) { profile, desk, outFolder, report, capture, speed, seconds, warmUp, noConsole, noJournal, feedPort, fixPort, fault, journalLimit, venue, opening, syntheticTicks, syntheticEvery, quiet };
        command.SetAction(parsed =>
        {
            var (p, d) = CommandLineOptions.Load(parsed.GetValue(profile)!, parsed.GetValue(desk)!);
            string? file = parsed.GetValue(capture);
            if (file is not null && !File.Exists(file)) throw new BadInputException($"--capture: {file}: {(Directory.Exists(file) ? "it is a folder" : "there is no such file")}; allowed is {Ingest.Pcap.CaptureOpener.Allowed}");
            RequireNonNegative("--seconds", parsed.GetValue(seconds));
            RequireNonNegative("--speed", parsed.GetValue(speed));
            if (file is null && parsed.GetValue(speed) != 0) throw new BadInputException($"--speed: saw {parsed.GetValue(speed)} without --capture; a live feed comes at its own pace");
            RequirePort("--feed-port", parsed.GetValue(feedPort));
            RequirePort("--fix-port", parsed.GetValue(fixPort));
            RequireNonNegative("--warm-up", parsed.GetValue(warmUp));
            InjectedFault? injected = parsed.GetValue(fault) is { } text
                ? InjectedFault.Parse(text) ?? throw new BadInputException($"--fault: saw \"{text}\", allowed is THREAD:stall@SECONDS, THREAD:hang@SECONDS or THREAD:throw@SECONDS") : null;
            return HostRun.Execute(new RunRequest
            {
                Command = "run", Profile = AutoPlacement.Apply(p), Desk = d, OutFolder = parsed.GetValue(outFolder)!, Report = parsed.GetValue(report), Capture = file, Speed = parsed.GetValue(speed),
                Seconds = parsed.GetValue(seconds), WarmUpSeconds = parsed.GetValue(warmUp), ShowConsole = !parsed.GetValue(noConsole) && !parsed.GetValue(quiet), WriteJournal = !parsed.GetValue(noJournal),
                FeedPort = parsed.GetValue(feedPort), FixPort = parsed.GetValue(fixPort), Fault = injected, JournalBytesMax = parsed.GetValue(journalLimit), VenueArguments = parsed.GetValue(venue) ?? [], OpeningPositions = parsed.GetValue(opening) ?? [],
                SyntheticTicks = parsed.GetValue(syntheticTicks), SyntheticOrderEvery = parsed.GetValue(syntheticEvery), Quiet = parsed.GetValue(quiet),
            }, out _);
        });
        return command;
    }

    internal static void RequirePort(string option, int port)
    {
        if (port is < 0 or > 65_535) throw new BadInputException($"{option}: saw {port}, allowed is 0 to 65535");
    }

    internal static void RequireNonNegative(string option, double value)
    {
        if (!(value >= 0) || double.IsInfinity(value)) throw new BadInputException($"{option}: saw {value}, allowed is a number of at least 0");
    }
}
