using System.CommandLine;
using System.Runtime.InteropServices;
using Appliance.Host.Configuration;
using Appliance.Host.Greeks;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;

namespace Appliance.Host.Commands;

/// <summary>`appliance greeks`: prices and Greeks of a file of contracts.</summary>
internal static class GreeksCommand
{
    /// <summary>How long an interrupted run may take to put its things in order before the process ends anyway: it may wait for input that never comes.</summary>
    private static readonly TimeSpan InterruptPatience = TimeSpan.FromSeconds(1);

    public static Command Make()
    {
        var input = new Option<string>("--in") { Description = "Contracts (CSV with a header), or - for standard input.", Required = true, HelpName = "FILE" };
        var output = new Option<string>("--out") { Description = "Results (CSV), or - for standard output. The file gets its name only when it is whole.", Required = true, HelpName = "FILE" };
        var backend = new Option<string>("--backend") { Description = "scalar (the reference, one row at a time), simd (the same bits, faster) or ilgpu (where that adapter is built).", DefaultValueFactory = _ => "simd", HelpName = "NAME" };
        backend.AcceptOnlyFromAmong("scalar", "simd", "ilgpu");
        var device = new Option<string>("--device") { Description = "With --backend ilgpu, where Europeans under black-scholes and black76 are priced, with simd's bits: cuda, opencl, cpu (ILGPU's simulator: no speed) or auto, the first of these that is here. Everything else is priced on the processor.", DefaultValueFactory = _ => "auto", HelpName = "NAME" };
        device.AcceptOnlyFromAmong("auto", "cuda", "opencl", "cpu");
        var report = new Option<string?>("--report") { Description = "Report to write (JSON): counts and rates; an HTML page of the same name goes beside it.", HelpName = "FILE.json" };
        var command = new Command("greeks", $"""
            Price every contract of a CSV file, with delta, gamma, vega, theta, rho, vanna, volga and charm.

            Columns of the input, in any order, blank where a contract does not use them:
              {string.Join(',', ContractColumns.Names[..^1])}
            One more may be there, price: a european under black-scholes or black76 with a price and a blank vol is solved for its volatility, and the output ends with impliedVol.
            Columns of the output, rows in the order of the input:
              id,price,delta,gamma,vega,theta,rho,vanna,volga,charm,status
            status is ok, or the line's number and what is wrong with it. Exit code 1 when a row could not be priced; the others are.
            Greeks are per 1.00 of volatility, of rate and of a year; theta and charm run forward in calendar time. docs/greeks.md says more.

            Example: appliance greeks --in contracts.csv --out greeks.csv
                     zcat contracts.csv.gz | appliance greeks --in - --out - | head
            """) { input, output, backend, device, report };
        command.SetAction(parsed => Run(parsed.GetValue(input)!, parsed.GetValue(output)!, parsed.GetValue(backend)!, parsed.GetResult(device) is { Implicit: false } ? parsed.GetValue(device) : null, parsed.GetValue(report)));
        return command;
    }

    private static int Run(string input, string output, string backend, string? deviceName, string? report)
    {
        if (deviceName is not null && backend != "ilgpu") throw new BadInputException($"--device {deviceName}: goes with --backend ilgpu alone");
        OutputPlace.RequireReport(report);
        using IDevicePricing? device = backend == "ilgpu" ? OpenDevice(deviceName ?? "auto") : null;
        using Stream inputStream = OpenInput(input);
        string name = input == "-" ? "standard input" : input;
        (ContractLines lines, ContractColumns columns) = GreeksRun.Open(name, inputStream);
        using var file = new OutputFile(output);
        bool interrupted = false;
        using var ended = new ManualResetEventSlim();
        void Interrupt(PosixSignalContext context)
        {
            context.Cancel = true;
            Volatile.Write(ref interrupted, true);
            // The work looks at this between blocks; when it cannot because it waits for input, it is ended from here.
            if (ended.Wait(InterruptPatience)) return;
            file.Abandon();
            Environment.Exit(ExitCode.Interrupted);
        }
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);

        var progress = new GreeksProgress(inputStream.CanSeek ? inputStream.Length : 0);
        GreeksCounts counts;
        try
        {
            counts = GreeksRun.Price(lines, columns, file.Stream, backend == "scalar" ? null : KernelWidth.Widest, () => Volatile.Read(ref interrupted), c => progress.Show(c, lines.BytesRead), device);
            if (!counts.Interrupted) file.Complete();
        }
        catch (IOException e)
        {
            throw new IOException(lines.IsReading ? $"{name}: cannot be read further: {e.Message}" : $"{file.Name}: not written: {e.Message}", e);
        }
        finally
        {
            ended.Set();
            progress.Clear();
        }
        double seconds = progress.Seconds;
        if (counts.Interrupted)
        {
            Console.Error.WriteLine($"interrupted after {counts.Rows} rows: {(output == "-" ? "the output is not complete" : $"{output} is not written")}");
            return ExitCode.Interrupted;
        }
        (output == "-" ? Console.Error : Console.Out).WriteLine(GreeksReport.Summary(counts, seconds, device?.Device));
        if (counts.FirstFault is not null) Console.Error.WriteLine($"{counts.Bad} of {counts.Rows} rows were not priced; the first: {counts.FirstFault}");
        if (report is not null) GreeksReport.Write(report, name, file.Name, backend, counts, seconds, lines.BytesRead, device?.Device);
        return counts.Bad == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static IDevicePricing OpenDevice(string name)
    {
        // Never a silent fallback to another backend: the adapter is there, and so is the device, or it is said.
        IlgpuAdapter.Status.Require();
        try { return IlgpuAdapter.CreatePricing(new IlgpuOptions { Device = name }); }
        catch (IlgpuDeviceException e) { throw new BadInputException($"--device {name}: {e.Message}"); }
    }

    private static Stream OpenInput(string path)
    {
        if (path == "-") return Console.OpenStandardInput();
        if (Directory.Exists(path)) throw new BadInputException($"--in {path}: is a folder, a file is needed");
        if (!File.Exists(path)) throw new BadInputException($"--in {path}: there is no such file");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"--in {path}: cannot be read: {e.Message}");
        }
    }
}
