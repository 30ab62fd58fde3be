using Appliance.Host.Commands;
using Appliance.TestKit;

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
        var table = ConsoleCommand.Fitted(["name", "wide one", "delta", "pnl"], mostNeeded: [0, 2, 1, 3], [["alph", "12345678", "-1.50", "-10,000.25"]], width);
        Assert.Equal(columns, table.Columns.Count);
    }
}
