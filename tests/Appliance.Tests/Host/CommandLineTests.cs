using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.Host.Commands;
using Appliance.TestKit;
using Spectre.Console;

namespace Appliance.Tests.Host;

/// <summary>A mistake on the command line is answered before anything starts, with the option and the cure; what the terminal shows fits it.</summary>
[Collection(ProcessTests.Name)]
public sealed class CommandLineTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_way_to_the_help_names_the_whole_command()
    {
        var (code, _, errors) = ApplianceProcess.Run("lab", "export");
        Assert.Equal(2, code);
        Assert.Contains("See: appliance lab export --help", errors);
    }

    [Theory]
    [InlineData("--seconds: saw abc, allowed is a number", "run", "--seconds", "abc")]
    [InlineData("--feed-port: saw x1, allowed is a whole number", "run", "--feed-port", "x1")]
    [InlineData("--feed-port: saw 65536, allowed is 0 to 65535", "run", "--feed-port", "65536")]
    [InlineData("--fix-port: saw 80000, allowed is 0 to 65535", "venue", "--fix-port", "80000")]
    [InlineData("--speed: saw 2 without --capture; a live feed comes at its own pace", "run", "--speed", "2")]
    [InlineData("Unrecognized command or argument 'nosuch'.", "nosuch")]
    [InlineData("/: it is a folder; name a file", "run", "--profile", "/")]
    [InlineData("/: it is a folder; name a file", "policy", "show", "/")]
    [InlineData("/: it is a folder; name a file", "backtest", "/")]
    [InlineData("/: it is a folder; name a file", "fix", "decode", "/")]
    public void A_mistake_is_answered_in_the_users_words(string said, params string[] words)
    {
        var (code, output, errors) = ApplianceProcess.Run(words);
        Assert.Equal((2, ""), (code, output));
        Assert.Equal(said, errors[0]);
        Assert.InRange(errors.Length, 1, 2);
    }

    [Theory]
    [InlineData("--out", "a-file", "this is a file; name a folder")]
    [InlineData("--out", "a-file/below", "cannot be made or written to")]
    [InlineData("--report", "a-folder", "this is a folder; name a file in it")]
    [InlineData("--report", "a-file/report.json", "this is a file; name a folder")]
    [InlineData("--report", "page.html", "page.json")]
    public void A_place_that_cannot_take_results_is_named_before_the_run(string option, string place, string said)
    {
        _folder.Write("a-file", "");
        Directory.CreateDirectory(_folder.Inside("a-folder"));
        string path = _folder.Inside(place);
        string[] run = ["run", "--seconds", "1", "--no-console", "--profile", _folder.Profile("fused"), "--desk", RunFolder.Shipped("desk/demo.json")];
        var (code, output, errors) = ApplianceProcess.Run([.. run, .. option == "--out" ? new[] { "--out", path } : ["--out", _folder.Out, "--report", path]]);
        Assert.Equal((2, ""), (code, output));
        string line = Assert.Single(errors);
        Assert.StartsWith(option, line, StringComparison.Ordinal);
        Assert.Contains(said, line, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.Out, "board")));
    }

    [Theory]
    [InlineData(200, 4)]
    [InlineData(26, 2)]
    [InlineData(5, 1)]
    public void A_table_shows_the_most_needed_columns_that_fit(int width, int columns)
    {
        // Frames and columns: 1 + (4+3) + (8+3) + (5+3) + (10+3) = 40; the two most needed ones, the first and the last column but one, take 1 + 7 + 8.
        var table = ConsoleScreen.Fitted(["name", "wide one", "delta", "pnl"], mostNeeded: [0, 2, 1, 3], [["alph", "12345678", "-1.50", "-10,000.25"]], width);
        Assert.Equal(columns, table.Columns.Count);
    }

    [Theory, CombinatorialRows]
    public void The_live_screen_fits_every_terminal_and_never_loses_its_first_line(int columns, int rows)
    {
        BoardSnapshot s = FullBoard();
        string[] lines = Drawn(in s, columns, rows);
        Assert.InRange(lines.Length, 1, Math.Max(1, rows - 1));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, columns));
        Assert.StartsWith("demo on default", lines[0], StringComparison.Ordinal);
        // Nothing is cut in the middle: a frame that was begun is closed.
        Assert.Equal(lines.Count(l => l.StartsWith('╭')), lines.Count(l => l.StartsWith('╰')));
    }

    private sealed class CombinatorialRowsAttribute : Xunit.Sdk.DataAttribute
    {
        public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo method) =>
            from columns in new[] { 30, 60, 80, 100, 250 } from rows in new[] { 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 23, 24, 40 } select new object[] { columns, rows };
    }

    [Fact]
    public void A_shorter_screen_loses_the_least_needed_first()
    {
        BoardSnapshot s = FullBoard();
        string At(int rows) => string.Join('\n', Drawn(in s, 120, rows));
        Assert.Contains("featured", At(26), StringComparison.Ordinal);
        Assert.DoesNotContain("featured", At(20), StringComparison.Ordinal);
        Assert.Contains("tickToOrder", At(20), StringComparison.Ordinal);
        Assert.DoesNotContain("tickToOrder", At(14), StringComparison.Ordinal);
        Assert.Contains("alph", At(14), StringComparison.Ordinal);
        Assert.Contains("beta", At(14), StringComparison.Ordinal);
        Assert.Contains("orders: intents 7", At(5), StringComparison.Ordinal);
        Assert.DoesNotContain("beta", At(5), StringComparison.Ordinal);
        Assert.Contains("session up", At(1), StringComparison.Ordinal);
    }

    private static BoardSnapshot FullBoard()
    {
        var s = new BoardSnapshot { SessionUp = 1, PortfolioCount = 2, Intents = 7, Ticks = 1_234_567 };
        s.Desk.Set("demo");
        s.Profile.Set("default");
        (s.Portfolios[0].Mid, s.Portfolios[1].Pnl) = (123.4567, -1_234_567.89);
        s.Portfolios[0].Name.Set("alph");
        s.Portfolios[1].Name.Set("beta");
        for (int i = 0; i < StageLatency.StageCount; i++) s.Stages[i] = new BoardStage { Count = 1_000_000, P50 = 700, P90 = 900, P99 = 1_500, Max = 12_345_678 };
        return s;
    }

    private static string[] Drawn(in BoardSnapshot s, int columns, int rows)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        (console.Profile.Width, console.Profile.Height, console.Profile.Capabilities.Unicode) = (columns, rows, true);
        console.Write(ConsoleScreen.Of(in s, 20_000, columns, rows));
        return [.. text.ToString().TrimEnd('\n').Split('\n').Select(l => l.TrimEnd('\r', ' '))];
    }
}
