using System.IO.Compression;
using System.Text;
using Appliance.Host.Commands;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>What is wrong with a file is said with file, line and key, all of it at once, and nothing starts.</summary>
[Collection(ProcessTests.Name)]
public sealed class ConfigurationFileTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Ten mistakes, of type, range, choice, spelling, absence, repetition and between keys; each line that is wrong ends in a comment that names the key.</summary>
    private const string WrongProfile = """
        {
          "name": 5,                               // name
          "topology": "threaded",                  // topology
          "cores": 0,                              // cores
          "threads": {
            "hot": { "wait": "spin" },             // threads.hot.wait
            "decide": { "core": 1.5 },             // threads.decide.core
            "jornal": { }                          // threads.jornal
          },
          "ring": {
            "capacity": 100000,                    // ring.capacity
            "batchLimit": 16,
            "batchLimit": 32                       // ring.batchLimit
          },
          "gateway": { "pollMicroseconds": "20" }, // gateway.pollMicroseconds
          "memory": { "lockPages": 1 }             // memory.lockPages
        }
        """;

    private const string WrongDesk = """
        {
          "name": "wrong", "currency": 7,                                          // currency
          "feed": { "kind": "itch50-moldudp64", "group": "10.0.0.1" },             // feed.group
          "venue": { "kind": "embedded", "port": 70000 },                          // venue.port
          "instruments": [
            { "symbol": "ALPH", "priceUnitsPerOne": 10000, "quantityUnitsPerOne": 1, "tickSize": 0.00015, "lotSize": 1 }, // instruments[0].tickSize
            { "symbol": "ALPH", "priceUnitsPerOne": 10000, "quantityUnitsPerOne": 1, "tickSize": 0.01, "lotSize": 1 }     // instruments[1].symbol
          ],
          "portfolios": [ {
            "name": "p", "underlying": "GAMA",                                     // portfolios[0].underlying
            "policy": { "kind": "delta" },                                         // portfolios[0].policy.kind
            "execution": { "minimumTrade": 20, "maximumChild": 10 },               // portfolios[0].execution.maximumChild
            "options": [
              { "right": "call", "strike": -60, "expiry": "2036-06-20T20:00:00Z", "quantity": -10, "volatility": 0.3 },   // portfolios[0].options[0].strike
              { "right": "call", "strike": 60, "expiry": "soon", "quantity": -10, "volatility": 0.3 }                     // portfolios[0].options[1].expiry
            ]
          } ],
          "limits": { "maxOrderQuantity": 100, "maxOrderNotional": 1e6, "maxPosition": 1000, "messagesPerSecond": 10,
                      "cancelReserve": 10, "maxDailyLoss": 1000 }                  // limits.cancelReserve
        }
        """;

    private static IEnumerable<string> Expected(string file, string text) =>
        text.Split('\n').Select((line, i) => (line, i)).Where(l => l.line.Contains("// ", StringComparison.Ordinal)).Select(l => $"{file}:{l.i + 1}: {l.line[(l.line.IndexOf("// ", StringComparison.Ordinal) + 3)..].Trim()}:");

    [Theory]
    [InlineData("\"maxOrderQuantity\": 2000", "\"maxOrderQuantity\": 0.5", "limits.maxOrderQuantity: saw 0.5, allowed is at least one lot of each traded instrument, 1 of ALPH and 1 of BETA")]
    [InlineData("\"collarBps\": 100", "\"protectionVega\": 2.5, \"collarBps\": 100", "limits.protectionVega: saw 2.5, allowed is 0; no tradable instrument has a vega, so that bound would never act: bound what fills by protectionDelta and protectionQuantity")]
    [InlineData("\"collarBps\": 100", "\"collarBps\": 0.5", "limits.collarBps: saw 0.5, allowed is a whole number")]
    [InlineData("\"duplicateWindowMilliseconds\": 1,", "\"duplicateWindowMilliseconds\": 60000, \"messagesPerMinute\": 1,", "")]
    [InlineData("\"messagesPerSecond\": 200, \"cancelReserve\": 50,\n    \"maxLiveOrders\": 16, \"duplicateWindowMilliseconds\": 1", "\"messagesPerSecond\": 1000000, \"duplicateWindowMilliseconds\": 60000", "limits: The duplicate window of 60000 ms may see 61,000,000 orders")]
    [InlineData("\"tickSize\": 0.01, \"lotSize\": 1, \"startPrice\": 100", "\"contractSize\": 0.000000001, \"tickSize\": 0.01, \"lotSize\": 1, \"startPrice\": 100", "")]
    [InlineData("\"priceUnitsPerOne\": 10000, \"quantityUnitsPerOne\": 1, \"tickSize\": 0.01, \"lotSize\": 1, \"startPrice\": 100",
        "\"priceUnitsPerOne\": 1000000000000, \"quantityUnitsPerOne\": 1000000000000, \"contractSize\": 0.000000001, \"tickSize\": 0.01, \"lotSize\": 1, \"startPrice\": 100", "instrument ALPH: priceUnitsPerOne, quantityUnitsPerOne and contractSize leave money more digits")]
    [InlineData("{\n  \"$schema\"", "\uFEFF{\n  \"$schema\"", "")]
    public void What_the_stages_would_refuse_is_said_of_the_file(string from, string to, string said)
    {
        string text = File.ReadAllText(RunFolder.Shipped("desk/demo.json"));
        Assert.Contains(from, text, StringComparison.Ordinal);
        string desk = _folder.Write("edited.json", text.Replace(from, to, StringComparison.Ordinal)), profile = _folder.Profile("fused");
        if (said == "")
        {
            // Unusual, and no mistake: what is made of it can be built.
            var (p, d) = CommandLineOptions.Load(profile, desk);
            _ = new Gate([.. d.Instruments], DeskComposer.Flow(d, p, 1).Limits);
            return;
        }
        Assert.Contains(said, Assert.Single(Assert.Throws<BadInputException>(() => CommandLineOptions.Load(profile, desk)).Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    public void An_empty_file_is_called_empty(string text)
    {
        string desk = _folder.Write("empty.json", text);
        Assert.EndsWith("the file is empty", Assert.Single(Assert.Throws<BadInputException>(() => CommandLineOptions.Load(_folder.Profile("fused"), desk)).Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_mistakes_in_each_file_are_all_named_with_line_and_key_and_nothing_starts()
    {
        string profile = _folder.Write("wrong-profile.json", WrongProfile), desk = _folder.Write("wrong-desk.json", WrongDesk);
        string[] expected = [.. Expected(profile, WrongProfile), .. Expected(desk, WrongDesk)];
        Assert.True(expected.Length >= 20);
        var (code, output, errors) = ApplianceProcess.Run("run", "--profile", profile, "--desk", desk, "--seconds", "1", "--out", _folder.Out, "--report", _folder.ReportFile);
        Assert.Equal(2, code);
        Assert.Equal("", output);
        foreach (string start in expected) Assert.Single(errors, e => e.StartsWith(start, StringComparison.Ordinal));
        Assert.Equal(expected.Length, errors.Length);
        Assert.False(Directory.Exists(_folder.Out) || File.Exists(_folder.ReportFile));
    }

    [Fact]
    public void A_mistake_says_what_was_seen_and_what_is_allowed()
    {
        var errors = new ConfigurationErrors();
        Assert.Null(HardwareProfile.Parse(Encoding.UTF8.GetBytes(WrongProfile), "p.json", errors));
        string[] lines = [.. errors.Lines];
        Assert.Contains("p.json:3: topology: saw \"threaded\", allowed is one of \"fused\", \"paired\", \"staged\"", lines);
        Assert.Contains("p.json:8: threads.jornal: no such key; did you mean \"journal\"?", lines);
        Assert.Contains("p.json:11: ring.capacity: saw 100000, allowed is a power of two", lines);
        Assert.Contains("p.json:13: ring.batchLimit: given twice", lines);
    }

    public static TheoryData<string, string> BadInputs() => new()
    {
        { "run --profile nosuch.json", "nosuch.json: there is no such file" },
        { "run --desk nosuch.json", "nosuch.json: there is no such file" },
        { "run --desk {text}", "{text}:1: not valid JSON: " },
        { "run --desk {list}", "{list}:1: (file): saw a list of 0, allowed is an object" },
        { "run --sedonds 3", "Unrecognized command or argument '--sedonds'." },
        { "run --seconds -3", "--seconds: saw -3, allowed is a number of at least 0" },
        { "run --desk {desk} --capture nosuch.gz", "--capture: nosuch.gz: there is no such file" },
        { "run --desk {desk} --capture {text}", "{text}: " },
        { "run --desk {desk}", "{desk}: venue.kind: saw \"paper\", which fills from replayed market data; allowed with it is --capture FILE" },
        { "replay nosuch.journal", "nosuch.journal: there is no such file" },
        { "replay {text}", "{text}: " },
        { "console --send halt", "--send: saw \"halt\", allowed are kill, pause, resume, stop and resolved" },
        { "doctor --profile {text}", "{text}:1: not valid JSON: " },
    };

    [Theory]
    [MemberData(nameof(BadInputs))]
    public void Bad_input_is_one_clear_line_and_exit_code_2(string command, string expected)
    {
        string text = _folder.Write("text.json", "hello, this is no JSON"), list = _folder.Write("list.json", "[]"), desk = _folder.Write("walk.json", WalkCapture.Desk);
        string Fill(string s) => s.Replace("{text}", text, StringComparison.Ordinal).Replace("{list}", list, StringComparison.Ordinal).Replace("{desk}", desk, StringComparison.Ordinal);
        string[] arguments = [.. command.Split(' ').Select(Fill), .. command.StartsWith("run", StringComparison.Ordinal) || command.StartsWith("replay", StringComparison.Ordinal) ? new[] { "--out", _folder.Out } : []];
        var (code, _, errors) = ApplianceProcess.Run(arguments);
        Assert.True(code == 2, $"exit code {code}: {string.Join('\n', errors)}");
        Assert.StartsWith(Fill(expected), errors[0], StringComparison.Ordinal);
        // A mistyped flag is followed by where to read on; everything else is one line.
        Assert.InRange(errors.Length, 1, command.Contains("sedonds", StringComparison.Ordinal) ? 3 : 1);
    }

    [Fact]
    public void A_capture_cut_short_is_played_to_the_cut_and_says_so()
    {
        string whole = _folder.Inside("whole.gz"), cut = _folder.Inside("cut.gz");
        WalkCapture.Write(whole, seed: 3, lines: 1_000);
        byte[] bytes = File.ReadAllBytes(whole);
        File.WriteAllBytes(cut, bytes[..(bytes.Length * 2 / 3)]);
        var (code, output, errors) = ApplianceProcess.Run("run", "--profile", _folder.Profile("fused"), "--desk", _folder.Write("walk.json", WalkCapture.Desk), "--capture", cut,
            "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console");
        Assert.True(code == 0, output + string.Join('\n', errors));
        Assert.True(_folder.Report().GetProperty("source").GetProperty("tornTail").GetBoolean());
        Assert.InRange(_folder.Report().GetProperty("source").GetProperty("messages").GetInt64(), 300, 999);
    }

    [Theory]
    [InlineData("hw-config/schema.json")]
    [InlineData("hw-config/REFERENCE.md")]
    [InlineData("desk/schema.json")]
    [InlineData("desk/REFERENCE.md")]
    [InlineData("desk/lab/schema.json")]
    [InlineData("desk/lab/REFERENCE.md")]
    public void A_generated_file_is_what_the_code_writes(string name) =>
        Assert.True(DoctorCommand.ReferenceFiles().Single(f => f.Name == name).Text == File.ReadAllText(RunFolder.Shipped(name)), $"{name} is old: run `appliance doctor --write-reference`");

    public static TheoryData<string> ShippedFiles() => [.. new[] { "hw-config", "desk" }.SelectMany(folder =>
        Directory.GetFiles(RunFolder.Shipped(folder), "*.json").Select(f => $"{folder}/{Path.GetFileName(f)}")).Where(f => !f.EndsWith("schema.json", StringComparison.Ordinal)).Order()];

    [Theory]
    [MemberData(nameof(ShippedFiles))]
    public void A_shipped_file_has_no_mistake(string name)
    {
        var errors = new ConfigurationErrors();
        if (name.StartsWith("desk", StringComparison.Ordinal))
        {
            var desk = Desk.Load(RunFolder.Shipped(name), errors);
            Assert.Empty(errors.Lines);
            Assert.NotEmpty(desk!.Portfolios);
            if (name.Contains("btc-perp", StringComparison.Ordinal)) Assert.True(desk.Portfolios.Sum(p => p.Options.Count) >= 200);
        }
        else Assert.NotNull(HardwareProfile.Load(RunFolder.Shipped(name), errors));
        Assert.Empty(errors.Lines);
    }
}
