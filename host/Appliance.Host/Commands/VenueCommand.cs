using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Appliance.Fix;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Host.Native;
using Appliance.Venue.Embedded;

namespace Appliance.Host.Commands;

/// <summary>`appliance venue`: the simulated exchange, as a companion of a run or by itself.</summary>
internal static class VenueCommand
{
    public static Command Make()
    {
        var desk = CommandLineOptions.Desk();
        var outFolder = new Option<string>("--out") { Description = "Folder for the venue's state, its statement and its ready file.", DefaultValueFactory = _ => Path.Combine("out", "exchange"), HelpName = "FOLDER" };
        var feedPort = new Option<int>("--feed-port") { Description = "UDP port of the tape, over the desk's.", HelpName = "PORT" };
        var feedPortB = new Option<int>("--feed-port-b") { Description = "UDP port of the tape's second line, over the desk's.", HelpName = "PORT" };
        var dropShare = new Option<double>("--drop-share") { Description = "Share of packets that each line of the tape loses by chance, to see the host recover them.", HelpName = "SHARE" };
        var fixPort = new Option<int>("--fix-port") { Description = "TCP port of the FIX acceptor, over the desk's; 0 takes a free one.", HelpName = "PORT" };
        var seconds = new Option<double>("--seconds") { Description = "From the open to the end; 0 runs until stopped.", HelpName = "SECONDS" };
        var seed = new Option<ulong>("--seed") { Description = "Every chance of the simulation comes from this number.", DefaultValueFactory = _ => 1, HelpName = "NUMBER" };
        var openNow = new Option<bool>("--open-now") { Description = "Open at once, not at the first logon: subscribers may then miss the beginning of the tape." };
        var rejectShare = new Option<double?>("--reject-share") { Description = "Share of new orders rejected, over the desk's.", HelpName = "SHARE" };
        var disconnectAt = new Option<double[]>("--disconnect-at") { Description = "Cut all connections at this second after the open; may be given several times.", HelpName = "SECONDS" };
        var halt = new Option<string[]>("--halt") { Description = "Halt an instrument: SYMBOL@SECOND+SECONDS, e.g. ALPH@10+5.", HelpName = "HALT" };
        var tls = new TlsOptions("tls-", "client-", "a client's");
        var companionOf = new Option<int>("--companion-of") { Description = "Process of the host; the venue ends when that process does.", HelpName = "PID" };
        var command = new Command("venue", """
            The simulated exchange: matches by price and time, publishes ITCH 5.0 over MoldUDP64 by multicast, accepts FIX 4.2 to 5.0SP2.

            Examples: appliance venue --desk desk/demo.json --feed-port 26400 --fix-port 5001
                      appliance run --desk desk/demo.json --feed-port 26400 --fix-port 5001

            Its sessions' sequence numbers and books outlive it in --out: a host that begins anew is refused (MsgSeqNum too low) until the venue begins anew, too, in another folder.
            With --tls-certificate the FIX port speaks TLS; with --tls-client-pin or --tls-client-authority only clients with such a certificate pass.
            """) { desk, outFolder, feedPort, feedPortB, fixPort, dropShare, seconds, seed, openNow, rejectShare, disconnectAt, halt, companionOf };
        foreach (var option in tls.All) command.Add(option);
        command.SetAction(parsed =>
        {
            var errors = new ConfigurationErrors();
            var d = Desk.Load(parsed.GetValue(desk)!, errors);
            if (errors.Count > 0) throw new BadInputException([.. errors.Lines]);
            RunCommand.RequireNonNegative("--seconds", parsed.GetValue(seconds));
            RunCommand.RequirePort("--feed-port", parsed.GetValue(feedPort));
            RunCommand.RequirePort("--feed-port-b", parsed.GetValue(feedPortB));
            RunCommand.RequirePort("--fix-port", parsed.GetValue(fixPort));
            string folder = parsed.GetValue(outFolder)!;
            OutputPlace.RequireFolder("--out", folder);
            int group = parsed.GetValue(feedPort), listenPort = parsed.GetValue(fixPort) is > 0 and var port ? port : d!.Fix.Port;
            using var identity = tls.Identity(parsed);
            TlsTrust clients = tls.Trust(parsed);
            if (identity is null && !clients.IsMachines) throw new BadInputException("--tls-client-pin, --tls-client-authority: go with --tls-certificate");
            TlsRelay? front = null;
            int Front(int acceptorPort)
            {
                front = TlsRelay.Accepting(new TlsAcceptOptions { Listen = new FixEndpoint("127.0.0.1", listenPort), Target = new FixEndpoint("127.0.0.1", acceptorPort), Identity = identity!, Clients = clients.IsMachines ? null : clients }, TlsCommand.Say);
                return front.Port;
            }
            var options = new VenueOptions
            {
                Instruments = [.. d!.Instruments.Select((i, n) => new SimulatedInstrument { Definition = i, OpenPrice = d.Simulation.Prices[n], AnnualisedVolatility = d.Simulation.Volatilities[n], HalfSpreadTicks = d.Simulation.HalfSpreadTicks[n] })],
                Front = identity is null ? null : Front, Fix = new FixAcceptorOptions { Port = identity is null ? listenPort : 0, CompId = d.Fix.TargetCompId, StoreDirectory = folder, Versions = FixVersion.All },
                SecondGroup = d.Feed.Recovery.HasSecondLine ? d.Feed.Recovery.GroupB : null, SecondGroupPort = parsed.GetValue(feedPortB) is > 0 and var b ? b : d.Feed.Recovery.PortB, SecondInterface = d.Feed.Recovery.InterfaceB,
                RecoveryPort = d.Feed.Recovery.HasServer ? d.Feed.Recovery.Port : -1, DropShare = parsed.GetValue(dropShare),
                Group = d.Feed.Group, GroupPort = group > 0 ? group : d.Feed.Port, Interface = d.Feed.Interface, BackgroundRateHz = d.Simulation.EventsPerSecond, Seed = parsed.GetValue(seed),
                OpensOnLogon = !parsed.GetValue(openNow), DurationSeconds = parsed.GetValue(seconds), OrderDelayNs = d.Simulation.LatencyMicroseconds * 1_000,
                RejectRate = parsed.GetValue(rejectShare) ?? d.Simulation.RejectShare, DisconnectAtSeconds = parsed.GetValue(disconnectAt) ?? [], Halts = [.. (parsed.GetValue(halt) ?? []).Select(Halt)],
                CancelsOnDisconnect = d.Simulation.CancelOnDisconnect, DropCopyCompId = d.Fix.DropCopy?.SenderCompId, Fees = DeskComposer.Fees(d), StatementFile = Path.Combine(folder, "statement.json"), StateDirectory = folder, ReadyFile = Path.Combine(folder, "ready.json"),
            };
            EmbeddedVenue venue;
            try { venue = new EmbeddedVenue(options); }
            catch (ArgumentException e) { throw new BadInputException($"{d.File}: {e.Message}"); }
            using (front) return Run(venue, parsed.GetValue(companionOf), folder);
        });
        return command;
    }

    private static int Run(EmbeddedVenue venue, int host, string folder)
    {
        using (venue)
        {
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => { context.Cancel = true; venue.Stop(); });
            // A terminal that closes, and Ctrl-C, reach the whole process group; a companion leaves it to the host to end the session first.
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => { context.Cancel = true; if (host == 0) venue.Stop(); });
            using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => { context.Cancel = true; if (host == 0) venue.Stop(); });
            using var watch = host == 0 ? null : new Timer(_ => { if (Linux.kill(host, 0) != 0) venue.Stop(); }, null, 500, 500);
            if (host == 0) Console.WriteLine($"listening: FIX on port {venue.FixPort}; the rest in {Path.Combine(folder, "ready.json")}");
            venue.Run(handlesSignals: false);
        }
        return ExitCode.Done;
    }

    private static ScriptedHalt Halt(string text)
    {
        int at = text.IndexOf('@'), plus = text.IndexOf('+');
        if (at > 0 && plus > at && double.TryParse(text[(at + 1)..plus], CultureInfo.InvariantCulture, out double from) && double.TryParse(text[(plus + 1)..], CultureInfo.InvariantCulture, out double length))
            return new ScriptedHalt(text[..at], from, length);
        throw new BadInputException($"--halt: saw \"{text}\", allowed is SYMBOL@SECOND+SECONDS, e.g. ALPH@10+5");
    }
}
