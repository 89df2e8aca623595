"""price: what a new project must buy before it adds consumption, and what that costs."""

from datetime import date
from pathlib import Path

import click

from api.options import data_option, existing, json_option
from api.program import wall_clock
from api.read.new_use import Place, place_of, quote_in
from api.say import say_json
from ledger.allocation.price import Project
from ledger.allocation.quota import number
from ledger.allocation.quote import Quote
from ledger.days import day_of
from ledger.db import reading
from ledger.units import format_tce, format_yuan, parse_kgce


@click.command()
@data_option
@click.argument("district")
@click.option("--added", required=True, help="New use without coal, in tce a year.")
@click.option("--coal", default="0", help="New use of coal, in tce a year.")
@click.option("--intensity", required=True, help="tce for 10,000 yuan of value added.")
@click.option("--sector", default="", help="The project's sector, where its coefficient counts.")
@click.option("--use", default="", help="A use that may be exempt, such as sewage.")
@click.option("--two-high", is_flag=True, help="The project is two-high.")
@click.option("--coefficient", default="", help="B, where the province has set another.")
@click.option("--share", default="", help="A of a price that knows one.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="A day; today by default.")
@json_option
def price(
    data: Path | None,
    district: str,
    added: str,
    coal: str,
    intensity: str,
    sector: str,
    use: str,
    two_high: bool,
    coefficient: str,
    share: str,
    day: object,
    as_json: bool,
) -> None:
    """Tell what a new project in DISTRICT must buy and what it costs; nothing is written."""
    project = Project(
        added_kgce=parse_kgce(added),
        coal_kgce=parse_kgce(coal),
        intensity=number("intensity", intensity),
        sector=sector,
        use=use,
        is_two_high=two_high,
        coefficient=number("coefficient", coefficient) if coefficient else None,
        share=number("share", share) if share else None,
    )
    on = day_of(wall_clock()) if day is None else date.fromisoformat(str(day)[:10])
    with existing(data) as engine, reading(engine) as connection:
        place = place_of(connection, district, on)
        found = quote_in(connection, project, place)
    _say(found, place, as_json=as_json)


def _say(found: Quote, place: Place, *, as_json: bool) -> None:
    duty, priced = found.duty, found.price
    if as_json:
        say_json(
            {
                "district": place.district,
                "pack": place.pack,
                "on": place.on.isoformat(),
                "amount_kgce": str(duty.amount_kgce),
                "reason": duty.reason,
                "is_above_added": duty.is_above_added,
                "price_fen": None if priced.unit_fen is None else str(priced.unit_fen),
                "fee_fen": None if priced.fee_fen is None else str(priced.fee_fen),
                "sheet": found.sheet.plain(),
            }
        )
        return
    click.echo(f"must buy   {format_tce(duty.amount_kgce)} tce ({duty.reason})")
    if duty.is_above_added:
        click.echo("           more than the project adds: for an officer to look at")
    if priced.unit_fen is None or priced.fee_fen is None:
        click.echo("price      set by the market")
    else:
        click.echo(f"price      {format_yuan(priced.unit_fen)} yuan a tce")
        click.echo(f"fee        {format_yuan(priced.fee_fen)} yuan")
    for step in found.sheet.steps:
        inputs = ", ".join(f"{name} = {value}" for name, value in step.inputs)
        click.echo(f"  {step.name}: {step.formula} = {step.result} {step.unit} ({inputs})")
    click.echo(f"by {found.sheet.pack_version}")


COMMANDS = {"price": price}
